// Under which name the form of an image keeps what was typed and not saved.

export const draftName = (image) => `image.${image.id}`;
