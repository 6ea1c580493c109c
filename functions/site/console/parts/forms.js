// What happens when somebody submits a form.

/**
 * A handler of `submit`. `act(data, form)` gets the form's data, and the form cannot be submitted again until it has
 * ended. `show` gets the message of an error, and an empty text before each attempt.
 */
export function onSubmit(act, show) {
  return async (event) => {
    event.preventDefault();
    const form = event.target;
    const button = form.querySelector("button:not([type=button])");
    show("");
    button.disabled = true;
    try {
      await act(new FormData(form), form);
    } catch (error) {
      show(error.message);
    } finally {
      button.disabled = false;
    }
  };
}
