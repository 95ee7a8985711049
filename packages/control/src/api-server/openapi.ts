/**
 * The least of OpenAPI v3 that `kubectl create` and `kubectl apply` need: that PATCH and POST take `fieldValidation`, so that they leave validation to the
 * server, which reports unknown fields itself.
 */
import { apiVersionOf, type KindDefinition } from "@modelyard/api";
import { collectionPath } from "@modelyard/resources";

/** Documents of OpenAPI by path: the index, and one for each group version. */
export function openApiDocuments(kinds: readonly KindDefinition[], version: string): ReadonlyMap<string, object> {
  const documents = new Map<string, object>();
  const index: Record<string, object> = {};
  for (const groupVersion of new Set(kinds.map(apiVersionOf))) {
    const name = groupVersion.includes("/") ? `apis/${groupVersion}` : `api/${groupVersion}`;
    index[name] = { serverRelativeURL: `/openapi/v3/${name}` };
    documents.set(
      `/openapi/v3/${name}`,
      groupVersionDocument(
        kinds.filter((kind) => apiVersionOf(kind) === groupVersion),
        version,
      ),
    );
  }
  documents.set("/openapi/v3", { paths: index });
  return documents;
}

function groupVersionDocument(kinds: readonly KindDefinition[], version: string): object {
  const paths = Object.fromEntries(
    kinds.map((kind) => [`${collectionPath(kind, "{namespace}").replaceAll(/%7B|%7D/g, brace)}/{name}`, pathItem(kind)]),
  );
  return { openapi: "3.0.0", info: { title: "Modelyard", version }, paths };
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
