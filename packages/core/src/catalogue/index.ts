/** The one error catalogue: every reason the product can give, gathered from its areas. `docs/errors.md` is held equal to it by a test. */
import { cliErrors } from "./cli.ts";
import { codecErrors } from "./codec.ts";
import { controlErrors } from "./control.ts";
import type { CatalogueEntry } from "./entry.ts";
import { gatewayErrors } from "./gateway.ts";
import { generalErrors } from "./general.ts";
import { meshErrors } from "./mesh.ts";
import { objectsErrors } from "./objects.ts";
import { onnxErrors } from "./onnx.ts";
import { runtimesErrors } from "./runtimes.ts";
import { storeErrors } from "./store.ts";
import { wireErrors } from "./wire.ts";

type Catalogue = typeof generalErrors &
  typeof cliErrors &
  typeof codecErrors &
  typeof controlErrors &
  typeof gatewayErrors &
  typeof meshErrors &
  typeof objectsErrors &
  typeof onnxErrors &
  typeof runtimesErrors &
  typeof storeErrors &
  typeof wireErrors;

/** Every reason with its code, template, whether a retry can help, and a hint. */
export const catalogue: Catalogue = {
  ...generalErrors,
  ...cliErrors,
  ...codecErrors,
  ...controlErrors,
  ...gatewayErrors,
  ...meshErrors,
  ...objectsErrors,
  ...onnxErrors,
  ...runtimesErrors,
  ...storeErrors,
  ...wireErrors,
};

/** A stable UPPER_SNAKE reason of the catalogue. */
export type Reason = keyof Catalogue;

/** Reasons of the catalogue in the order of their areas. */
export const reasons: readonly Reason[] = Object.keys(catalogue) as Reason[];

/** The catalogue's row for a reason. */
export function entryOf(reason: Reason): CatalogueEntry {
  return catalogue[reason];
}

type PlaceholderNames<Template extends string> = Template extends `${string}{${infer Name}}${infer Rest}`
  ? Name | PlaceholderNames<Rest>
  : never;

/** Values the template and the hint of a reason need, by placeholder name. */
export type DetailsOf<R extends Reason> = {
  readonly [Name in PlaceholderNames<Catalogue[R]["template"]> | PlaceholderNames<Catalogue[R]["hint"]>]: string | number;
};
