/** Mutations of a request before it is encoded: what comes out is well formed for the protocol that carries it and wrong for the one above. */
import type { Dice } from "./dice.ts";
import { mutateBytes } from "./mutate-bytes.ts";
import { mutateJson } from "./mutate-json.ts";
import { mutateGrpcBody } from "./mutate-protobuf.ts";
import type { SeedRequest } from "./seed-requests.ts";

type Field = SeedRequest["fields"][number];

const names: readonly string[] = [
  ..."content-length|transfer-encoding|connection|host|expect|upgrade|te|trailer|keep-alive|cookie|authorization|origin|accept".split("|"),
  ..."content-type|content-encoding|accept-encoding|inference-header-content-length|modelyard-namespace|modelyard-api-key".split("|"),
  ..."grpc-timeout|grpc-encoding|grpc-accept-encoding|x-request-id|traceparent|triton-request-id|:path|:status|a b|\u00e9".split("|"),
];
const values: readonly string[] = [
  ..."|0|1|-1|00|+5|5,5|5, 6|99999999999999999999|chunked|gzip, chunked|identity|gzip|deflate|br|x|close|keep-alive|upgrade".split("|"),
  ..."application/json|application/grpc|application/grpc+proto|application/grpc-web|application/grpc-web-text|text/html|*/*".split("|"),
  ..."trailers|100-continue|localhost|evil.example|null|http://localhost|1S|0n|99999999H|1n|-1S|default|other|\u00ff\u00fe|\0|a\tb".split(
    "|",
  ),
  "x".repeat(9000),
];
const methods: readonly string[] = "GET|POST|PUT|DELETE|HEAD|OPTIONS|CONNECT|TRACE|PRI|get|G T|".split("|");
const paths: readonly string[] = [
  ..."*|/|//|/v2/../v2|/v2/models/%|/v2/models/%00/infer|/v2/models/%2e%2e/infer|/v2/models/a%2Fb|/v2/models/digits/versions/999/infer".split(
    "|",
  ),
  ..."/v2/models/digits/infer?a=b|/v2/models//infer|/v2/models/digits/generate|http://localhost/v2|http://evil.example/v2|/v3|v2".split(
    "|",
  ),
  ..."/inference.GRPCInferenceService/ModelInfer|/inference.GRPCInferenceService/Absent|/ns//v2|/v2/repository/models/x/load".split("|"),
  `/v2/models/${"m".repeat(3000)}`,
];

/** Changes the line, the fields or the body. */
export function mutateRequest(request: SeedRequest, dice: Dice): SeedRequest {
  switch (dice.below(6)) {
    case 0:
      return { ...request, fields: mutateFields(request.fields, dice) };
    case 1:
      return dice.chance(0.5) ? { ...request, path: mutatePath(request.path, dice) } : { ...request, method: dice.pick(methods) };
    default:
      return { ...request, body: mutateBody(request, dice) };
  }
}

function mutateBody({ body, bodyKind }: SeedRequest, dice: Dice): Buffer {
  if (dice.chance(0.2) || bodyKind === "none") return mutateBytes(body, dice);
  return bodyKind === "json" ? mutateJson(body, dice) : mutateGrpcBody(body, dice);
}

function mutatePath(path: string, dice: Dice): string {
  return dice.chance(0.5) ? dice.pick(paths) : mutateBytes(Buffer.from(path), dice).toString("latin1");
}

function mutateFields(fields: readonly Field[], dice: Dice): readonly Field[] {
  const at = dice.below(fields.length + 1);
  const added: Field = [dice.pick(names), dice.pick(values)];
  const chosen = fields[at];
  if (!chosen) return [...fields, added];
  const [name, value] = chosen;
  const others = fields.toSpliced(at, 1);
  return dice.pick<readonly Field[]>([
    others,
    [...fields, chosen],
    [...others, [name, dice.pick(values)]],
    [...others, [name, mutateBytes(Buffer.from(value), dice).toString("latin1")]],
    [[dice.pick(names), value], ...others],
    [added, ...fields],
  ]);
}
