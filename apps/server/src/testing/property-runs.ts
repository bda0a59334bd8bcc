/** How often a property is tried: a thousand times in `npm test`, a million times in `npm run fuzz`. */
export const propertyRuns = Number(process.env['FUZZ_RUNS'] ?? 1_000)

/** Ample, for machines that do much else at the same time. */
export const propertyTimeoutMs = Math.max(60_000, propertyRuns * 60)

/** True in `npm run fuzz`, where tests that have a size are as large as they can be meaningful. */
export const atFullSize = process.env['FUZZ_RUNS'] !== undefined
