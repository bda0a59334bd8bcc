import { Link } from 'react-router'
import { paths } from '../paths.ts'
import { Button } from '../ui/button.tsx'
import { EmptyState } from '../ui/empty-state.tsx'
import { SearchIcon } from '../ui/icons.ts'

export function NotFoundPage() {
  return (
    <div className="centre">
      <title>Not found · virtdeck</title>
      <EmptyState
        page
        icon={SearchIcon}
        title="There is nothing here"
        body="The address may have a typing error, or what it named is gone."
        action={<Button render={<Link to={paths.virtualMachines()} />}>Virtual machines</Button>}
      />
    </div>
  )
}
