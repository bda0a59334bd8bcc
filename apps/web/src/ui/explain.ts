import { createContext, useContext } from 'react'
import type { ReactNode } from 'react'

/** What a press on a disabled thing does, given its reason: nothing, or it opens what would make it possible. */
export type Explain = (reason: ReactNode) => (() => void) | undefined

export const ExplainContext = createContext<Explain>(() => undefined)

export const useExplain = (): Explain => useContext(ExplainContext)
