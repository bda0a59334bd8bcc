/** How often a property is tried: a thousand times in `npm test`, a million times in `npm run fuzz`. */
export const propertyRuns = Number(process.env['FUZZ_RUNS'] ?? 1_000)

/** Ample, for machines that do much else at the same time. */
export const propertyTimeoutMs = Math.max(60_000, propertyRuns * 60)
