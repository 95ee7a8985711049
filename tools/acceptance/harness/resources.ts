/** The control API as an independent HTTP client sees it. */
import { until } from "./server.ts";

const services = "/apis/serving.kserve.io/v1beta1/namespaces/default/inferenceservices";

/** An InferenceService as far as the proof points read it. */
export interface Service {
  readonly metadata: { readonly name: string };
  readonly status?: {
    readonly url?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message?: string }[];
    readonly modelStatus?: {
      readonly states?: { readonly activeModelState?: string };
      readonly lastFailureInfo?: { readonly reason?: string; readonly message?: string };
    };
  };
}

/** Sends JSON and reads JSON; rejects on any status but 2xx. */
export async function api<T>(
  control: string,
  sent: { readonly path: string; readonly method?: string; readonly body?: object },
): Promise<T> {
  const response = await fetch(new URL(sent.path, control), {
    method: sent.method ?? "GET",
    headers: { "content-type": "application/json" },
    ...(sent.body ? { body: JSON.stringify(sent.body) } : {}),
    signal: AbortSignal.timeout(10_000),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${sent.method ?? "GET"} ${sent.path} answered ${response.status}: ${text.slice(0, 300)}`);
  return JSON.parse(text) as T;
}

/** Creates an InferenceService for a local ONNX file. */
export async function createService(
  control: string,
  service: { readonly name: string; readonly file: string; readonly parameters?: Readonly<Record<string, string>> },
): Promise<void> {
  const storage = service.parameters && { storage: { parameters: service.parameters } };
  const body = {
    apiVersion: "serving.kserve.io/v1beta1",
    kind: "InferenceService",
    metadata: { name: service.name, namespace: "default" },
    spec: { predictor: { model: { modelFormat: { name: "onnx" }, storageUri: `file://${service.file}`, ...storage } } },
  };
  await api(control, { path: services, method: "POST", body });
}

/** One InferenceService. */
function getService(control: string, name: string): Promise<Service> {
  return api<Service>(control, { path: `${services}/${name}` });
}

/** All of them. */
export async function listServices(control: string): Promise<readonly Service[]> {
  return (await api<{ readonly items: readonly Service[] }>(control, { path: services })).items;
}

/** Whether its condition Ready is True. */
function isReady(service: Service): boolean {
  return service.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false;
}

/** Waits for Ready. */
export function waitReady(control: string, name: string, limitMs: number): Promise<Service> {
  return until(
    async () => {
      const service = await getService(control, name);
      if (!isReady(service)) throw new Error(`${name} is not ready: ${JSON.stringify(service.status)}`);
      return service;
    },
    { limitMs },
  );
}
