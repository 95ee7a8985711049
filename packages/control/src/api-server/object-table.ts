/** Objects as a table (meta.k8s.io/v1), which `kubectl get` asks for. */
import { cellOf, type KindDefinition, type PrintColumn } from "@modelyard/api";
import type { KubernetesObject } from "@modelyard/resources";

/** How much of each object a row carries. */
export type IncludeObject = "None" | "Metadata" | "Object";

/** What a table is made with. */
export interface TableContext {
  readonly kind: KindDefinition;
  readonly includeObject: IncludeObject;
  readonly nowMs: number;
}

/** A table of objects; `metadata` is that of the list. */
export function tableOf(objects: readonly KubernetesObject[], metadata: Readonly<Record<string, unknown>>, context: TableContext): object {
  const { kind } = context;
  return {
    kind: "Table",
    apiVersion: "meta.k8s.io/v1",
    metadata,
    columnDefinitions: [
      { name: "Name", type: "string", format: "name", description: "Name of the object", priority: 0 },
      ...kind.columns.map(({ name, type, priority }) => ({
        name,
        type: type === "date" ? "string" : type,
        format: "",
        description: name,
        priority,
      })),
    ],
    rows: objects.map((object) => rowOf(object, context)),
  };
}

/** The metadata of an object alone. */
export function partialMetadata(object: KubernetesObject): object {
  return { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata: object.metadata };
}

function rowOf(object: KubernetesObject, { kind, includeObject, nowMs }: TableContext): object {
  const cells = [object.metadata.name, ...kind.columns.map((column) => cellText(column, object, nowMs))];
  if (includeObject === "None") return { cells };
  return { cells, object: includeObject === "Object" ? object : partialMetadata(object) };
}

function cellText(column: PrintColumn, object: KubernetesObject, nowMs: number): unknown {
  const value = cellOf(column, object);
  if (column.type !== "date") return value ?? "";
  return typeof value === "string" ? ageText(nowMs - Date.parse(value)) : "<unknown>";
}

const units = [
  { name: "d", ms: 86_400_000, finer: { name: "h", ms: 3_600_000, below: 3 } },
  { name: "h", ms: 3_600_000, finer: { name: "m", ms: 60_000, below: 8 } },
  { name: "m", ms: 60_000, finer: { name: "s", ms: 1_000, below: 10 } },
] as const;

/** A duration as people read it: `45s`, `5m30s`, `3h`, `2d4h`. */
export function ageText(durationMs: number): string {
  const ms = Math.max(0, durationMs);
  const unit = units.find((one) => ms >= one.ms);
  if (!unit) return `${Math.floor(ms / 1_000)}s`;
  const whole = Math.floor(ms / unit.ms);
  const rest = Math.floor((ms % unit.ms) / unit.finer.ms);
  return whole < unit.finer.below && rest > 0 ? `${whole}${unit.name}${rest}${unit.finer.name}` : `${whole}${unit.name}`;
}
