export { startSimCluster, type Scenario, type SimCluster, type SimClusterOptions, type SimUser } from './sim-cluster.ts'
export { manualClock, realClock, type Clock } from './clock.ts'
