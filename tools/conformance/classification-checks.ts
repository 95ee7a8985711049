/** Checks of the classification extension over REST. */
import type { Check, Subject } from "./check.ts";
import { hasAnswer, image, inferSent, outputName } from "./infer-requests.ts";
import { field, hasError, type RestReceived, type RestSent, type RestWanted, type SectionRow, sectionChecks } from "./rest-exchange.ts";

const refused: RestWanted = { status: 400, holds: hasError };

const rows: readonly SectionRow[] = [
  {
    id: "classification-1",
    expected: "BYTES [1,1]: the largest",
    sent: classified(1),
    wanted: { status: 200, holds: (received) => hasClasses(received, 1) },
  },
  {
    id: "classification-3",
    expected: "BYTES [1,3], the largest first",
    sent: classified(3),
    wanted: { status: 200, holds: (received) => hasClasses(received, 3) },
  },
  {
    id: "classification-10",
    expected: "BYTES [1,10]",
    sent: classified(10),
    wanted: { status: 200, holds: (received) => hasClasses(received, 10) },
  },
  { id: "classification-0", expected: "0 means that it is not asked for", sent: classified(0), wanted: { status: 200, holds: hasAnswer } },
  { id: "classification-negative", expected: "400", sent: classified(-1), wanted: refused },
  { id: "classification-text", expected: "400", sent: classified("three"), wanted: refused },
];

/** Every check of the extension. */
export const classificationChecks: readonly Check[] = sectionChecks({ section: "classification", extension: "classification" }, rows);

function classified(count: number | string): (subject: Subject) => RestSent {
  return inferSent({ inputs: [image], outputs: [{ name: outputName, parameters: { classification: count } }] });
}

/** `value:index` in falling order. */
function hasClasses({ json: body }: RestReceived, count: number): boolean {
  const [output] = (field(body, "outputs") ?? []) as readonly unknown[];
  const classes = (field(output, "data") ?? []) as readonly unknown[];
  const values = classes.map((one) => Number.parseFloat(String(one)));
  const isFalling = values.every((value, index) => index === 0 || value <= (values[index - 1] ?? 0));
  const isForm = classes.every((one) => /^-?[\d.e+-]+:\d+(:.*)?$/.test(String(one)));
  return field(output, "datatype") === "BYTES" && classes.length === count && isForm && isFalling;
}
