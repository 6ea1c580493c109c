import type { Connect, Plugin } from "vite";

/** Stands in for your sign-in: pages of this server get a token of the user in `tokenUrl`, from the local stack. */
export function localSignIn(tokenUrl: string): Plugin {
  const listen = ({ middlewares }: { middlewares: Connect.Server }) => {
    middlewares.use("/sign-in", async (request, response, next) => {
      try {
        if (request.headers["sec-fetch-site"] !== "same-origin") response.writeHead(403).end();
        else response.end(await (await fetch(tokenUrl)).text());
      } catch (error) {
        next(error);
      }
    });
  };
  return { name: "local-sign-in", configureServer: listen, configurePreviewServer: listen };
}
