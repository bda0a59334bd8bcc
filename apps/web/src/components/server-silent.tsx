import { Button } from '../ui/button.tsx'
import { EmptyState } from '../ui/empty-state.tsx'

/** Instead of any page, where even the session could not be asked for. */
export function ServerSilent({ message, retry }: { message?: string; retry: () => void }) {
  return (
    <main className="centre">
      <title>virtdeck</title>
      <EmptyState
        page
        tone="error"
        title="virtdeck does not answer"
        body={message}
        action={<Button onClick={retry}>Try again now</Button>}
      />
    </main>
  )
}
