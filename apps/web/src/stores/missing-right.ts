// The right whose absence is being explained: one dialog for the whole app.
import type { AccessQuestion } from '@virtdeck/k8s'
import { create } from 'zustand'

export const useMissingRight = create<{ question?: AccessQuestion | undefined }>(() => ({}))

export const explainRight = (question: AccessQuestion | undefined) => useMissingRight.setState({ question })
