/** Tabs: one panel at a time, by arrows too. */

/** Wires a tab list whose tabs name their panels in aria-controls. */
export function wire(list: HTMLElement): { choose(id: string): void } {
  const tabs = [...list.querySelectorAll<HTMLElement>('[role="tab"]')];
  const choose = (chosen: HTMLElement | undefined) => {
    if (!chosen) return;
    for (const tab of tabs) {
      tab.setAttribute("aria-selected", String(tab === chosen));
      tab.tabIndex = tab === chosen ? 0 : -1;
      const panel = document.getElementById(tab.getAttribute("aria-controls") ?? "");
      if (panel) panel.hidden = tab !== chosen;
    }
  };
  list.addEventListener("click", (event) => {
    if (event.target instanceof Element) choose(event.target.closest<HTMLElement>('[role="tab"]') ?? undefined);
  });
  list.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const at = tabs.findIndex((tab) => tab === document.activeElement);
    if (by === undefined || at < 0) return;
    const next = tabs[(at + by + tabs.length) % tabs.length];
    choose(next);
    next?.focus();
  });
  return { choose: (id) => choose(tabs.find((tab) => tab.id === id)) };
}
