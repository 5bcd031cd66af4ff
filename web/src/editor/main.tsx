import { CharacterMaker } from "../index";

const maker = await CharacterMaker.open("./model/");
const canvas = document.createElement("canvas");
document.body.append(canvas);
const { parameters } = { parameters: maker.schema.average() };
void parameters;
Object.assign(globalThis, { maker });
