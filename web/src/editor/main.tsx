import { openBackend } from "./openBackend";
import { startPage } from "./startPage";

void startPage(openBackend);
