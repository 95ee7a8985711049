/**
 * Starts the control plane: API server and reconcilers over one store. Nothing is kept in the module, so that it starts as often as it is called.
 */
import {
  clusterServingRuntimeKind,
  type InferenceService,
  inferenceServiceKind,
  kinds,
  type Model,
  modelKind,
  type Secret,
  secretKind,
  servingRuntimeKind,
} from "@modelyard/api";
import type { Clock, Timer } from "@modelyard/core";
import {
  type EventRecorder,
  eventRecorder,
  type Informer,
  type KeySource,
  type KubernetesObject,
  keyOf,
  keyOfText,
  keyText,
  type ResourceKind,
  runReconciler,
  type StoreResources,
  startInformer,
  storeResources,
  sweepOrphans,
} from "@modelyard/resources";
import { apiServer, urlOf } from "./api-server/api-server.ts";
import { defaultNamespace, ensureNamespace } from "./api-server/namespaces.ts";
import { ensureAdminKey } from "./authentication/ensure-admin-key.ts";
import { ensureBuiltinRuntime } from "./builtin-runtime.ts";
import type { Control, ControlOptions } from "./control-options.ts";
import { Fetches } from "./fetch/fetches.ts";
import { runPeriodically } from "./garbage/periodic.ts";
import { sweepArtifacts } from "./garbage/sweep-artifacts.ts";
import { sweepEvents } from "./garbage/sweep-events.ts";
import { KeySignal } from "./key-signal.ts";
import { startMeshRecords } from "./mesh-records/mesh-records.ts";
import { overviewPage, readOverview } from "./page/overview-page.ts";
import { storageSecretOf } from "./predictor/plan-source.ts";
import { reconcileApiKeys } from "./reconcilers/api-key-reconciler.ts";
import { type MeshReconcilerDeps, reconcileMesh } from "./reconcilers/mesh-reconciler.ts";
import { ModelNames } from "./reconcilers/model-names.ts";
import { reconcileModel } from "./reconcilers/model-reconciler.ts";
import { reconcileStatus } from "./reconcilers/status-reconciler.ts";
import { WritePace } from "./reconcilers/write-pace.ts";

/** Starts control and resolves when its API answers. Rejects with the system's error (`EADDRINUSE`) when the port cannot be opened. */
export async function startControl(options: ControlOptions): Promise<Control> {
  const stop = new AbortController();
  const { signal } = stop;
  const { store, clock, random, log, version, dataUrl } = options;
  const client = storeResources(store, { clock, random });
  await ensureNamespace(client, defaultNamespace);
  await ensureBuiltinRuntime(client);
  if (options.adminKey !== undefined) await ensureAdminKey(client, options.adminKey);
  const events = eventRecorder({ client, component: "modelyard-control", clock, log });
  const world = startWorld(options, { client, events, signal });
  let isReady = false;
  const app = apiServer({
    ...options.limits,
    client,
    ...options.access,
    clock,
    log,
    metrics: options.metrics,
    version,
    signal,
    uploads: options.artifacts.uploads,
    isReady: () => isReady,
    page: async () => overviewPage(await readOverview(client, { dataUrl: dataUrl(), version, nowMs: clock.nowMs() })),
  });
  let work: Promise<unknown> = Promise.resolve();
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    stop.abort();
    await app.close();
    await Promise.all([work, world.ended()]);
    await events.close();
  };
  try {
    // Together: when the port is busy, closing aborts the reading of objects, whose rejection nobody else would take.
    await Promise.all([app.listen({ host: options.address, port: options.port }), world.synced]);
  } catch (error) {
    await close();
    throw error;
  }
  work = runAll(options, world, signal);
  isReady = true;
  return {
    url: urlOf(app, options.access?.tls !== undefined),
    refresh: () => world.refresh(),
    close() {
      closing ??= close();
      return closing;
    },
  };
}

/** The copies reconcilers read, and what they act through. */
interface World extends MeshReconcilerDeps {
  readonly client: StoreResources;
  readonly models: Informer<Model>;
  readonly secrets: Informer<Secret>;
  /** Keys of services that need a look for a reason no informer knows. */
  readonly hints: KeySignal;
  readonly synced: Promise<unknown>;
  /** Resolves when nothing here runs any longer; the signal ends it. */
  ended(): Promise<unknown>;
  refresh(): void;
}

function startWorld(
  options: ControlOptions,
  given: { readonly client: StoreResources; readonly events: EventRecorder; readonly signal: AbortSignal },
): World {
  const { store, artifacts, clock, random, log, dataUrl } = options;
  const { client, events, signal } = given;
  const hints = new KeySignal();
  const inform = <T extends KubernetesObject>(kind: ResourceKind<T>): Informer<T> =>
    startInformer({ client, kind, clock, random, log, signal });
  const services = inform(inferenceServiceKind);
  const runtimes = inform(servingRuntimeKind);
  const clusterRuntimes = inform(clusterServingRuntimeKind);
  const models = inform(modelKind);
  const secrets = inform(secretKind);
  const records = startMeshRecords({ store, clock, random, log, signal });
  const fetches = new Fetches({ artifacts, clock, random, log, signal, onChange: (key) => hints.tell(key) });
  const refresh = (): void => {
    for (const service of services.list()) hints.tell(keyText(keyOf(service)));
  };
  // A service without a runtime may have one now.
  const refreshSoon = coalesced(refresh, clock, signal);
  for (const informer of [runtimes, clusterRuntimes]) informer.subscribe(refreshSoon);
  secrets.subscribe((key) => {
    for (const service of usersOfSecret(services.list(), key)) hints.tell(service);
  });
  const followed = [services, runtimes, clusterRuntimes, models, secrets, records];
  const synced = Promise.all(followed.map((one) => one.synced));
  const ended = (): Promise<unknown> => Promise.all([...followed.map((one) => one.ended), fetches.ended()]);
  const names = new ModelNames(services, (key) => hints.tell(key));
  const sources = { services, runtimes, clusterRuntimes, secrets, records, fetches, names, dataUrl, clock };
  return { ...sources, store, artifacts, events, client, models, hints, synced, ended, refresh };
}

/** Keys of the services whose credentials are in a Secret. */
function usersOfSecret(services: readonly InferenceService[], secretKey: string): readonly string[] {
  const { namespace, name } = keyOfText(secretKey);
  const users = services.filter((service) => storageSecretOf(service) === name && keyOf(service).namespace === namespace);
  return users.map((service) => keyText(keyOf(service)));
}

/** Runtimes come in bursts, and each look at all services costs: once for all that came within this time, milliseconds. */
const settleMs = 200;

function coalesced(action: () => void, clock: Clock, signal: AbortSignal): () => void {
  let timer: Timer | undefined;
  signal.addEventListener("abort", () => timer?.cancel(), { once: true });
  return () => {
    if (signal.aborted) return;
    timer ??= clock.setTimer(settleMs, () => {
      timer = undefined;
      action();
    });
  };
}

async function runAll(options: ControlOptions, world: World, signal: AbortSignal): Promise<unknown> {
  const { clock, random, log, metrics } = options;
  const { client, services, models, records, hints } = world;
  const common = { clock, random, log, metrics, signal };
  const pace = new WritePace(clock);
  const ofServices = informerKeys(services);
  const everyMs = { second: 1_000, minute: 60_000 };
  const registered: KeySource = { keys: () => records.vmodelIds(), subscribe: () => () => {} };
  const changed: KeySource = { keys: () => [], subscribe: (onKey) => records.subscribe(onKey) };
  return Promise.all([
    runReconciler({
      ...common,
      name: "mesh",
      sources: [ofServices, registered, hints],
      reconcile: (key, ended) => reconcileMesh(world, key, ended),
    }),
    runReconciler({
      ...common,
      name: "status",
      sources: [ofServices, changed, hints],
      reconcile: (key) => reconcileStatus({ ...world, pace }, key),
    }),
    runReconciler({
      ...common,
      name: "model",
      sources: [informerKeys(models), { keys: () => [], subscribe: (onKey) => services.subscribe(onKey) }],
      reconcile: (key) => reconcileModel(world, key),
    }),
    runReconciler({
      ...common,
      name: "apiKeys",
      sources: [{ keys: () => [allKeys], subscribe: (onKey) => world.secrets.subscribe(() => onKey(allKeys)) }],
      reconcile: (_key, ended) => reconcileApiKeys(world, ended),
    }),
    runPeriodically({ ...common, name: "orphans", everyMs: 30 * everyMs.second }, async () => void (await sweepOrphans(client, kinds))),
    runPeriodically({ ...common, name: "events", everyMs: everyMs.minute }, async () => void (await sweepEvents(client, clock.nowMs()))),
    runPeriodically(
      { ...common, name: "artifacts", everyMs: 10 * everyMs.minute },
      async (ended) => void (await sweepArtifacts(world, ended)),
    ),
  ]);
}

/** The API keys are looked at together. */
const allKeys = "all";

function informerKeys<T extends KubernetesObject>(informer: Informer<T>): KeySource {
  return { keys: () => informer.list().map((object) => keyText(keyOf(object))), subscribe: (onKey) => informer.subscribe(onKey) };
}
