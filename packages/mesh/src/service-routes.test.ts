import { describe, expect, test } from "vitest";
import type { ServedRevision } from "./contract.ts";
import { ModelTable } from "./model-table.ts";
import { RoutingTable } from "./routing-table.ts";
import { ServiceRoutes } from "./service-routes.ts";
import { sampleModelRecord, sampleVModelRecord } from "./testing/sample-records.ts";

const [v1, v2, v3] = ["ns/a__isvc-1", "ns/a__isvc-2", "ns/a__isvc-3"] as const;

/** Three revisions of one service. */
function open(): { readonly services: ServiceRoutes; readonly revisions: () => readonly ServedRevision[] | undefined } {
  const [routes, models] = [new RoutingTable(), new ModelTable()];
  const services = new ServiceRoutes({ routes, models });
  for (const [index, modelId] of [v1, v2, v3].entries()) {
    models.set(modelId, { record: sampleModelRecord({ revision: index + 1 }), modRevision: 1 }, 1);
    services.addModel(modelId);
  }
  return { services, revisions: () => routes.find("ns", "a")?.revisions };
}

describe("ServiceRoutes", () => {
  test("leads to the active model first, then to those that were kept, the newest first, until they go", () => {
    const { services, revisions } = open();
    const vmodel = sampleVModelRecord(v1);
    services.update("ns/a", vmodel);
    expect(revisions()?.map(({ modelId }) => modelId)).toEqual([v1, v3, v2]);
    expect(services.removeModel(v3)).toBe("ns/a");
    services.update("ns/a", vmodel);
    expect(revisions()?.map(({ modelId }) => modelId)).toEqual([v1, v2]);
  });

  test("does not lead to the target of a transition", () => {
    const { services, revisions } = open();
    services.update("ns/a", sampleVModelRecord(v2, { targetModelId: v3, targetRevision: 3 }));
    expect(revisions()?.map(({ modelId }) => modelId)).toEqual([v2, v1]);
  });

  test("leads nowhere without a vmodel, and concerns nobody with a model that was made for no service", () => {
    const { services, revisions } = open();
    services.update("ns/a", sampleVModelRecord(v1));
    services.update("ns/a", undefined);
    expect([revisions(), services.addModel("stray")]).toEqual([undefined, undefined]);
  });
});
