import { renderToString } from "react-dom/server";
import { Page } from "./page";

export const render = (part: string) => renderToString(<Page part={part} />);
