/**
 * OpenAPI v3 as far as `kubectl` needs it: the kinds' schemas for `kubectl explain`, and that POST and PATCH take `fieldValidation`, so that `kubectl create` and
 * `kubectl apply` leave validation to the server, which reports unknown fields itself.
 */
import { apiVersionOf, type KindDefinition } from "@modelyard/api";
import { collectionPath } from "@modelyard/resources";

/** Documents of OpenAPI by path: the index, and one for each group version. They are made when they are asked for, which is seldom. */
export function openApiDocuments(kinds: readonly KindDefinition[], version: string): ReadonlyMap<string, () => object> {
  const documents = new Map<string, () => object>();
  const index: Record<string, object> = {};
  for (const groupVersion of new Set(kinds.map(apiVersionOf))) {
    const name = groupVersion.includes("/") ? `apis/${groupVersion}` : `api/${groupVersion}`;
    index[name] = { serverRelativeURL: `/openapi/v3/${name}` };
    const ofVersion = kinds.filter((kind) => apiVersionOf(kind) === groupVersion);
    documents.set(`/openapi/v3/${name}`, () => groupVersionDocument(ofVersion, version));
  }
  documents.set("/openapi/v3", () => ({ paths: index }));
  return documents;
}

function groupVersionDocument(kinds: readonly KindDefinition[], version: string): object {
  const paths = Object.fromEntries(
    kinds.map((kind) => [`${collectionPath(kind, "{namespace}").replaceAll(/%7B|%7D/g, brace)}/{name}`, pathItem(kind)]),
  );
  const schemas = Object.fromEntries(kinds.map((kind) => [`${kind.group || "core"}.${kind.version}.${kind.kind}`, schemaOf(kind)]));
  return { openapi: "3.0.0", info: { title: "Modelyard", version }, paths, components: { schemas } };
}

function schemaOf(kind: KindDefinition): object {
  const { group, version, kind: kindName } = kind;
  return { ...kind.openApiSchema(), "x-kubernetes-group-version-kind": [{ group, version, kind: kindName }] };
}

function brace(escaped: string): string {
  return escaped === "%7B" ? "{" : "}";
}

function pathItem(kind: KindDefinition): object {
  const { group, version, kind: kindName } = kind;
  const operation = {
    "x-kubernetes-group-version-kind": { group, version, kind: kindName },
    parameters: [{ name: "fieldValidation", in: "query", schema: { type: "string" } }],
    responses: { "200": { description: "OK" } },
  };
  return { patch: { ...operation, "x-kubernetes-action": "patch" }, put: { ...operation, "x-kubernetes-action": "put" } };
}
