import { usePreferences } from '../stores/preferences.ts'
import { useShortcutList } from '../stores/shortcuts.ts'
import type { Shortcut } from '../stores/shortcuts.ts'
import { OptionRow, Switch } from '../ui/checkbox.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { Keys } from '../ui/kbd.tsx'

const order: readonly Shortcut['group'][] = ['Everywhere', 'Go to', 'List', 'Virtual machine', 'Console']

/** All keys that work where one is. */
export default function KeysDialog({ onClose }: { onClose: () => void }) {
  const all = useShortcutList()
  const singleKeys = usePreferences((preferences) => preferences.singleKeys)
  const unique = [...new Map(all.map((shortcut) => [shortcut.keys, shortcut])).values()]
  return (
    <Dialog title="Keyboard shortcuts" wide onClose={onClose}>
      <div className="keys-list">
        {order.map((group) => {
          const members = unique.filter((shortcut) => shortcut.group === group)
          return members.length === 0 ? null : (
            <section key={group}>
              <h3>{group}</h3>
              <dl>
                {members.map(({ keys, label }) => (
                  <div key={keys}>
                    <dt>{label}</dt>
                    <dd>
                      <Keys keys={keys} />
                      <span className="sr">{keys}</span>
                    </dd>
                  </div>
                ))}
              </dl>
            </section>
          )
        })}
      </div>
      <OptionRow
        control={<Switch checked={singleKeys} onCheckedChange={(checked) => usePreferences.setState({ singleKeys: checked })} />}
        label="Single keys"
        hint="Letters act at once while no field and no console has the focus. Chords with Ctrl always work."
      />
    </Dialog>
  )
}
