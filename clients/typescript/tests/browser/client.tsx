import { hydrateRoot } from "react-dom/client";
import { Page } from "./page";

const root = document.getElementById("root")!;
hydrateRoot(root, <Page part={root.dataset["part"]!} />);
