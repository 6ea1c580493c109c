import react from "@vitejs/plugin-react";
import { defineConfig, loadEnv } from "vite";
import { localSignIn } from "./local-sign-in";

export default defineConfig(({ mode }) => ({
  plugins: [react(), localSignIn(loadEnv(mode, import.meta.dirname, "").TOKEN_URL!)],
  resolve: { dedupe: ["react", "react-dom"] }, // the client is a link to a folder that has React too
  server: { port: 5173, strictPort: true, cors: false }, // the store allows this origin
}));
