import { renderToStaticMarkup } from 'react-dom/server'
import { expect, test } from 'vitest'
import type { SignedInSession } from '../api/session.ts'
import { SessionNotices } from './session-notices.tsx'

const session: SignedInSession = {
  user: { name: 'ann', groups: [] },
  csrf: 'x',
  signIn: [],
  cluster: { name: 'production', simulated: false },
}
const shown = (more: SignedInSession) => renderToStaticMarkup(<SessionNotices session={more} />)

test('says nothing where there is nothing unusual', () => {
  expect(shown(session)).toBe('')
})

test('says that groups are missing, and what follows from it [A-09]', () => {
  const text = shown({ ...session, user: { ...session.user, groupsMissing: true } })
  expect(text).toContain('Your groups are missing.')
  expect(text).toContain('rights that you have by a group do not work here')
  expect(text).toContain('role="status"')
})

test('says what the server warns of, as text [A-20]', () => {
  const text = shown({ ...session, cluster: { ...session.cluster, warnings: ['The kubeconfig acts as <b>ben</b>.'] } })
  expect(text).toContain('The kubeconfig acts as &lt;b&gt;ben&lt;/b&gt;.')
})
