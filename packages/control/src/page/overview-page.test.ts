import type { Event, InferenceService } from "@modelyard/api";
import { describe, expect, test } from "vitest";
import { overviewPage } from "./overview-page.ts";

const nowMs = Date.parse("2026-01-02T03:04:05Z");

function service(name: string, status: InferenceService["status"]): InferenceService {
  return {
    apiVersion: "serving.kserve.io/v1beta1",
    kind: "InferenceService",
    metadata: { name, namespace: "default" },
    spec: { predictor: {} },
    ...(status === undefined ? {} : { status }),
  };
}

function event(reason: string, facts: { at: string; resourceVersion: string; message?: string; count?: number }): Event {
  return {
    apiVersion: "v1",
    kind: "Event",
    metadata: { name: `digits.${reason}`, namespace: "default", resourceVersion: facts.resourceVersion },
    involvedObject: { kind: "InferenceService", name: "digits", namespace: "default" },
    reason,
    message: facts.message ?? reason,
    type: "Normal",
    lastTimestamp: facts.at,
    count: facts.count ?? 1,
  };
}

function page(services: readonly InferenceService[], events: readonly Event[] = []): string {
  return overviewPage({ services, events, dataUrl: "http://127.0.0.1:8033", version: "1.2.3", nowMs });
}

describe("overviewPage()", () => {
  test("says how to begin when nothing is deployed", () => {
    expect(page([])).toContain("Deploy one: <code>modelyard deploy model.onnx</code>");
    expect(page([])).toContain("Nothing happened in the last hour.");
  });

  test("says that no inference address is known while no serving process runs", () => {
    expect(overviewPage({ services: [], events: [], dataUrl: undefined, version: "1.2.3", nowMs })).toContain(
      "no inference address is known yet",
    );
  });

  test("shows name, state, revision and address of a service", () => {
    const url = "http://127.0.0.1:8033/v2/models/digits";
    const states = { activeModelState: "Loaded", targetModelState: "" } as const;
    const shown = page([service("digits", { modelStatus: { transitionStatus: "UpToDate", states }, modelyard: { revision: 7, url } })]);
    expect(shown).toContain('<span class="good">Loaded</span>');
    expect(shown).toContain('<td class="number">7</td>');
    expect(shown).toContain(`<code>${url}</code>`);
  });

  test("shows a service without a status as pending", () => {
    expect(page([service("new", undefined)])).toContain('<span class="busy">Pending</span> <span class="quiet">InProgress</span>');
  });

  test("shows why a service failed, in a row of its own", () => {
    const states = { activeModelState: "FailedToLoad", targetModelState: "" } as const;
    const lastFailureInfo = { message: "The file ends early" };
    const shown = page([service("broken", { modelStatus: { transitionStatus: "UpToDate", states, lastFailureInfo } })]);
    expect(shown).toContain('<span class="bad">FailedToLoad</span>');
    expect(shown).toContain('<td class="quiet" colspan="5">The file ends early</td>');
  });

  test("shows a service whose new revision failed as loaded and blocked", () => {
    const states = { activeModelState: "Loaded", targetModelState: "FailedToLoad" } as const;
    const shown = page([service("digits", { modelStatus: { transitionStatus: "BlockedByFailedLoad", states } })]);
    expect(shown).toContain('<span class="good">Loaded</span> <span class="bad">BlockedByFailedLoad</span>');
  });

  test("escapes whatever a user wrote", () => {
    const hostile = `<script>alert("1")</script>`;
    const shown = page(
      [
        service("x", {
          modelyard: { modelName: hostile, url: hostile },
          modelStatus: { transitionStatus: "UpToDate", lastFailureInfo: { message: hostile } },
        }),
      ],
      [event(hostile, { at: "2026-01-02T03:04:00Z", resourceVersion: "1", message: hostile })],
    );
    expect(shown).not.toContain("<script");
    expect(shown.match(/&lt;script&gt;alert\(&quot;1&quot;\)/g)).toHaveLength(5);
  });

  test("lists events latest first, those of one second by revision of the store", () => {
    const shown = page(
      [],
      [
        event("Second", { at: "2026-01-02T03:04:00Z", resourceVersion: "9" }),
        event("Third", { at: "2026-01-02T03:04:00Z", resourceVersion: "10" }),
        event("First", { at: "2026-01-02T03:03:05Z", resourceVersion: "11", count: 3 }),
      ],
    );
    expect([...shown.matchAll(/<td class="one">(\w+)<\/td>/g)].map(([, reason]) => reason)).toEqual(["Third", "Second", "First"]);
    expect(shown).toContain('First <span class="quiet">(3 times)</span>');
    expect(shown).toContain('<td class="number">1m</td>');
  });
});
