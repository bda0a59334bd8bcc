// Actions are data: row menu, verb bar, bulk bar and command palette show the same ones.
export type { Action } from '../ui/action.ts'
