// What the signed-in user may do, where, and who the cluster takes them for.
import { useState } from 'react'
import type { FormEvent } from 'react'
import { useSearchParams } from 'react-router'
import { useNamespaces } from '../../api/namespaces.ts'
import { useSession } from '../../api/session.ts'
import { useWhoAmI } from '../../api/who-am-i.ts'
import { Told } from '../../ui/bdi.tsx'
import { Button } from '../../ui/button.tsx'
import { KeyValue } from '../../ui/facts.tsx'
import { IconMark } from '../../ui/icon.tsx'
import { SearchIcon } from '../../ui/icons.ts'
import { Panel } from '../../ui/panel.tsx'
import { formatCount } from '../../util/format.ts'
import { AccessTable } from './access-table.tsx'
import { AskForm } from './ask-form.tsx'
import './access.css'

const nameShape = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/

export function MyAccessPage() {
  const { names } = useNamespaces()
  const [search, setSearch] = useSearchParams()
  // Namespaces that nobody lists for the user, but that they know of.
  const added = (search.get('ns') ?? '').split(',').filter((name) => nameShape.test(name))
  const all = [...new Set([...names, ...added])].toSorted()
  const text = search.get('q') ?? ''
  const shown = all.filter((name) => name.includes(text.toLowerCase()))
  const canAdd = nameShape.test(text) && !all.includes(text)

  function put(name: string, value: string) {
    const next = new URLSearchParams(search)
    if (value) next.set(name, value)
    else next.delete(name)
    setSearch(next, { replace: true })
  }
  function submit(event: FormEvent) {
    event.preventDefault()
    if (canAdd) put('ns', [...added, text].join(','))
  }

  return (
    <div className="accpage">
      <title>My access · virtdeck</title>
      <div className="pagehead">
        <h1>My access</h1>
      </div>
      <div className="accbody">
        <WhoIAm />
        <Panel title="Ask about one right">
          <AskForm namespaces={all} />
        </Panel>
        <Panel
          className="accpanel"
          title={
            <>
              What you may do <span className="count mono dim">{formatCount(shown.length)}</span>
            </>
          }
          actions={
            <form className="row" onSubmit={submit}>
              <label className="query">
                <IconMark icon={SearchIcon} />
                <input
                  type="search"
                  aria-label="Namespace"
                  placeholder="Find or add a namespace"
                  autoComplete="off"
                  spellCheck={false}
                  value={text}
                  onChange={({ target }) => put('q', target.value)}
                />
              </label>
              {canAdd && <Button type="submit">Add {text}</Button>}
            </form>
          }
        >
          <AccessTable namespaces={shown} />
        </Panel>
      </div>
    </div>
  )
}

/** As the cluster sees it; the session knows no less where the cluster does not say. */
function WhoIAm() {
  const { data } = useWhoAmI()
  const session = useSession().session
  const groups = data?.groups ?? session?.user?.groups ?? []
  const name = data?.username ?? session?.user?.name
  const [all, setAll] = useState(false)
  const shown = all ? groups : groups.slice(0, 12)
  return (
    <Panel title="Who you are">
      <KeyValue
        facts={[
          { label: 'User', value: name, ...(name ? { copy: name } : {}) },
          {
            label: groups.length === 1 ? 'Group' : `${formatCount(groups.length)} groups`,
            value: groups.length > 0 && (
              <>
                <Told>{shown.join(', ')}</Told>
                {shown.length < groups.length && (
                  <>
                    {' '}
                    <Button size="small" variant="quiet" onClick={() => setAll(true)}>
                      Show all
                    </Button>
                  </>
                )}
              </>
            ),
          },
          ...(data?.uid ? [{ label: 'UID', value: data.uid, copy: data.uid }] : []),
          ...Object.entries(data?.extra ?? {}).map(([key, values]) => ({ label: key, value: values.join(', ') })),
        ]}
      />
    </Panel>
  )
}
