export { startSimCluster, type SimCluster, type SimClusterOptions, type SimUser } from './sim-cluster.ts'
export type { ScenarioName } from './scenarios/seed-scenario.ts'
export { manualClock, realClock, type Clock } from './clock.ts'
