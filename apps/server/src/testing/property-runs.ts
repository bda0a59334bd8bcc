/** How often a property is tried: a thousand times in `npm test`, a million times in `npm run fuzz`. */
export const propertyRuns = Number(process.env['FUZZ_RUNS'] ?? 1_000)
