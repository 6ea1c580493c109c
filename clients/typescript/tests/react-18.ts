import { registerHooks } from "node:module";

// The React that react-dom imports is version 18 too.
registerHooks({
  resolve: (specifier, context, next) => next(specifier.replace(/^react(-dom)?(?=$|\/)/, "$&-18"), context),
});
