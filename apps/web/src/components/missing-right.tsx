// Where a right is missing: every disabled button and menu entry, and every refusal in text, leads to the one dialog that
// says what would grant it.
import { Suspense, lazy } from 'react'
import type { ReactNode } from 'react'
import { deniedQuestion } from '../api/access.ts'
import { explainRight, useMissingRight } from '../stores/missing-right.ts'
import { Button } from '../ui/button.tsx'
import { ExplainContext } from '../ui/explain.ts'
import type { Explain } from '../ui/explain.ts'

const MissingRightDialog = lazy(() => import('./missing-right-dialog.tsx'))

const explain: Explain = (reason) => {
  const question = typeof reason === 'string' ? deniedQuestion(reason) : undefined
  return question && (() => explainRight(question))
}

/** Makes what is disabled below it for want of a right say how to get it. */
export function MissingRights({ children }: { children: ReactNode }) {
  const question = useMissingRight((state) => state.question)
  return (
    <ExplainContext value={explain}>
      {children}
      {question && (
        <Suspense fallback={null}>
          <MissingRightDialog question={question} onClose={() => explainRight(undefined)} />
        </Suspense>
      )}
    </ExplainContext>
  )
}

/** Beside a refusal in text; nothing where the reason is not a missing right. */
export function HowToGetIt({ reason }: { reason: string | undefined }) {
  const open = explain(reason)
  return (
    open && (
      <Button size="small" onClick={open}>
        What would allow it
      </Button>
    )
  )
}
