import { describe, expect, it } from "vitest";
import { densityOf } from "../src/state/density";

describe("how closely the map is drawn", () => {
  it.each([
    [5, 20, "roomy"], [24, 400, "roomy"], [25, 20, "close"], [5, 401, "close"], [100, 3_000, "close"], [200, 12_001, "far"], [5_000, 150_000, "far"],
  ] as const)("with %i nodes and %i pods is %s", (nodes, pods, density) => {
    expect(densityOf({ nodes, pods })).toBe(density);
  });

  it.each([[5, 20, "roomy"], [13, 20, "close"], [50, 1_500, "close"], [100, 3_000, "far"]] as const)(
    "with %i nodes and %i pods is %s on a phone",
    (nodes, pods, density) => {
      expect(densityOf({ nodes, pods }, "roomy", true)).toBe(density);
    },
  );

  it("does not jump while the number of pods goes up and down around a bound", () => {
    expect(densityOf({ nodes: 5, pods: 390 }, "close")).toBe("close");
    expect(densityOf({ nodes: 5, pods: 320 }, "close")).toBe("roomy");
    expect(densityOf({ nodes: 390, pods: 9_000 }, "far")).toBe("far");
    expect(densityOf({ nodes: 320, pods: 9_000 }, "far")).toBe("close");
    expect(densityOf({ nodes: 5, pods: 20 }, "far")).toBe("roomy");
  });
});
