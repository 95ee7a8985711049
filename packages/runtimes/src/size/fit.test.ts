import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fitLinear } from "./fit.ts";

describe("fitLinear", () => {
  it("finds the formula behind observations without noise", () => {
    const coefficient = fc.integer({ min: 1, max: 50 });
    fc.assert(
      fc.property(coefficient, coefficient, coefficient, (a, b, c) => {
        const observations = Array.from({ length: 30 }, (_, index) => {
          const terms = [1, index, (index * index) % 7];
          return { terms, value: a + b * (terms[1] ?? 0) + c * (terms[2] ?? 0) };
        });
        const fit = fitLinear(observations);
        for (const [index, wanted] of [a, b, c].entries()) expect(fit.coefficients[index]).toBeCloseTo(wanted, 6);
        expect(fit.rSquared).toBeCloseTo(1, 9);
      }),
    );
  });

  it("reports how far the worst observation is off, as a share of it", () => {
    const { coefficients, maxRelativeError } = fitLinear([10, 10, 10, 20].map((value) => ({ terms: [1], value })));
    expect(maxRelativeError).toBeCloseTo(((coefficients[0] ?? 0) - 20) / -20, 9);
    expect(coefficients[0]).toBeLessThan(12);
  });
});
