/**
 * What was derived from a request head, kept with it: wire hands out the same head when the same bytes repeat on a connection. The parse of
 * the address is kept for ever, the route only as long as the mesh's epoch stands.
 */
import type { PlatformError } from "@modelyard/core";
import type { Mesh } from "@modelyard/mesh";
import type { Exchange, RequestHead } from "@modelyard/wire";
import type { Admission } from "../authentication/gatekeeper.ts";
import type { RequestSeries } from "../observation/request-series.ts";
import { type ModelReference, namespaceHeader, type ResolvedModel, readNamespace, resolveModel } from "./model-reference.ts";
import { checkRequestOrigin, type OriginRules } from "./request-origin.ts";
import { parseRestTarget, type RestTarget } from "./rest-target.ts";

/** Memo of a head. */
export class HeadMemo {
  readonly isGrpc: boolean;
  /** Set when the request may not be answered at all. */
  readonly refusal: PlatformError | undefined;
  /** Of the header alone; REST addresses carry their own. */
  readonly namespace: string;
  /** What was decided about the credentials in the head; the gatekeeper knows how long it holds. */
  admission: Admission | undefined = undefined;
  /** Where requests with this head are counted. */
  series: RequestSeries | undefined = undefined;
  readonly #head: RequestHead;
  #target: RestTarget | undefined;
  #epoch = -1;
  #resolved: ResolvedModel | undefined;

  constructor({ head, protocol }: Pick<Exchange, "head" | "protocol">, rules: OriginRules) {
    this.#head = head;
    this.isGrpc = protocol === "h2" && isGrpcRequest(head);
    this.refusal = checkRequestOrigin(head, rules);
    this.namespace = readNamespace(head.get(namespaceHeader));
  }

  /** Path with query, as received. */
  get path(): string {
    return this.#head.path;
  }

  /** Whether the content type is one of gRPC's, whatever the protocol. */
  get hasGrpcType(): boolean {
    return this.#head.get("content-type")?.startsWith("application/grpc") ?? false;
  }

  /** What a REST request asks for. */
  get target(): RestTarget {
    this.#target ??= this.refusal ? { kind: "refused", error: this.refusal } : parseRestTarget(this.#head);
    return this.#target;
  }

  /** The model that the address names. */
  get reference(): ModelReference | undefined {
    return !this.isGrpc && "reference" in this.target ? this.target.reference : undefined;
  }

  /** The revision that was last resolved. */
  get resolved(): ResolvedModel | undefined {
    return this.#resolved;
  }

  /** The revision a reference stands for. One memo is only ever asked for the one reference of its address. */
  resolve(mesh: Mesh, reference: ModelReference): ResolvedModel {
    const { epoch } = mesh;
    if (this.#resolved && this.#epoch === epoch) return this.#resolved;
    const resolved = resolveModel(mesh, reference);
    this.#resolved = resolved;
    this.#epoch = epoch;
    return resolved;
  }
}

/** The memo of a head, made on first sight. */
export function headMemoOf(exchange: Pick<Exchange, "head" | "protocol">, rules: OriginRules): HeadMemo {
  const { head } = exchange;
  if (head.memo instanceof HeadMemo) return head.memo;
  const memo = new HeadMemo(exchange, rules);
  head.memo = memo;
  return memo;
}

/** Content types of gRPC begin so; those of gRPC-Web do, too, and are no calls unless wire has made them such. */
function isGrpcRequest(head: RequestHead): boolean {
  const type = head.get("content-type");
  return type !== undefined && type.startsWith("application/grpc") && !type.startsWith("application/grpc-web");
}
