/**
 * Who answers to which model name. An object's own name is always its own; another model name (annotation `modelyard.dev/model-name`) belongs to the
 * service that was there first, so that a second deployment never takes over the requests of the first without a word.
 *
 * Kept by following the services, so that the question costs as much as there are claimants of one name.
 */
import { type InferenceService, modelNameAnnotation } from "@modelyard/api";
import { type Informer, keyOf, keyOfText, keyText } from "@modelyard/resources";

/** The claims of every service. */
export class ModelNames {
  readonly #services: Informer<InferenceService>;
  /** Model name a service claims beside its own, by the service's key. */
  readonly #claimOf = new Map<string, string>();
  /** Keys of the services that claim a name, by the key an object of that name would have. */
  readonly #claimants = new Map<string, Set<string>>();

  /** Follows the services from now on; `onChange` is called with each key whose claim may stand otherwise now. */
  constructor(services: Informer<InferenceService>, onChange: (key: string) => void) {
    this.#services = services;
    services.subscribe((key) => {
      const before = this.#claimOf.get(key);
      const next = claimOf(services.get(keyOfText(key)));
      if (before !== next) this.#move(key, { before, next });
      for (const name of new Set([key, before, next])) {
        for (const other of this.#claimants.get(name ?? "") ?? []) if (other !== key) onChange(other);
      }
    });
  }

  /** Name of the service that answers to the model name of this one; undefined when that is this one. */
  holderOf(service: InferenceService): string | undefined {
    const name = claimOf(service);
    if (name === undefined) return undefined;
    const ofThatName = this.#services.get(keyOfText(name));
    const rivals = [...(this.#claimants.get(name) ?? [])].flatMap((key) => this.#services.get(keyOfText(key)) ?? []);
    const holder = ofThatName ?? [...rivals, service].toSorted(byAge)[0];
    return holder === undefined || holder.metadata.name === service.metadata.name ? undefined : holder.metadata.name;
  }

  #move(key: string, claim: { readonly before: string | undefined; readonly next: string | undefined }): void {
    const { before, next } = claim;
    if (before !== undefined) {
      const known = this.#claimants.get(before);
      known?.delete(key);
      if (known?.size === 0) this.#claimants.delete(before);
    }
    if (next === undefined) {
      this.#claimOf.delete(key);
      return;
    }
    this.#claimOf.set(key, next);
    this.#claimants.set(next, (this.#claimants.get(next) ?? new Set()).add(key));
  }
}

/** Key of the object whose name the service claims; undefined when that is its own. */
function claimOf(service: InferenceService | undefined): string | undefined {
  if (!service) return undefined;
  const { namespace = "default", name, annotations = {} } = service.metadata;
  const modelName = annotations[modelNameAnnotation];
  return modelName === undefined || modelName === name ? undefined : keyText({ namespace, name: modelName });
}

/** The older first; of one second the one whose name sorts first. */
function byAge(one: InferenceService, other: InferenceService): number {
  const [a, b] = [one, other].map(({ metadata }) => `${metadata.creationTimestamp ?? ""} ${keyText(keyOf({ metadata }))}`);
  return (a ?? "") < (b ?? "") ? -1 : 1;
}
