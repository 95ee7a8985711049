/** The OpenAPI document of the REST side, generated from the table of its addresses. Source: OpenAPI 3.1. */
import { type Endpoint, endpoints } from "./endpoints.ts";
import { type JsonSchema, schemas } from "./openapi-schemas.ts";

/** The document; a plain value to be written as JSON. */
export function openApiDocument(info: { readonly title: string; readonly version: string }): JsonSchema {
  const paths: Record<string, JsonSchema> = {};
  for (const [kind, endpoint] of Object.entries(endpoints)) {
    endpoint.paths.forEach((path, index) => {
      const operationId = index === 0 ? kind : `${kind}${index + 1}`;
      paths[path] = operation(path, { endpoint, operationId });
      if (endpoint.isScoped)
        paths[`/ns/{namespace}${path}`] = operation(`/ns/{namespace}${path}`, { endpoint, operationId: `${operationId}In` });
    });
  }
  return { openapi: "3.1.0", info, paths, components: { schemas } };
}

interface Operation {
  readonly endpoint: Endpoint;
  readonly operationId: string;
}

function operation(path: string, { endpoint, operationId }: Operation): JsonSchema {
  const { method, summary, request, answer } = endpoint;
  return {
    [method.toLowerCase()]: {
      operationId,
      summary,
      parameters: parametersOf(path),
      ...(request === undefined ? {} : { requestBody: { content: jsonOf(request) } }),
      responses: {
        "200": { description: "The answer", content: jsonOf(answer) },
        default: { description: "A refusal", content: jsonOf("Error") },
      },
    },
  };
}

function parametersOf(path: string): readonly JsonSchema[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({ name, in: "path", required: true, schema: { type: "string" } }));
}

function jsonOf(schema: keyof typeof schemas): JsonSchema {
  return { "application/json": { schema: { $ref: `#/components/schemas/${schema}` } } };
}
