// The setup of unit tests in `npm run fuzz`: a property that names no number of runs is tried FUZZ_RUNS times, not a hundred.
import fc from 'fast-check'
import { propertyRuns } from '../apps/server/src/testing/property-runs.ts'

fc.configureGlobal({ numRuns: propertyRuns })
