/* What is wrong with where the controls of a page lie, in sentences. */
() => {
  const faults = [];
  const name = (node) => (node.getAttribute('aria-label') || node.textContent || node.name || '')
    .trim().replace(/\s+/g, ' ').slice(0, 40) + ' <' + node.tagName.toLowerCase() + '.'
    + [...node.classList].join('.') + '>';
  const root = document.scrollingElement;
  const wider = root.scrollWidth - innerWidth;
  if (wider > 0) faults.push(`scrolls sideways by ${wider} px`);
  const controls = [...document.querySelectorAll(
    'a[href], button, input:not([type=hidden]), select, textarea, summary')].filter((node) =>
    node.checkVisibility({checkOpacity: true, checkVisibilityCSS: true})
    && !node.closest('[inert], .skip, [role=grid]') && !node.disabled);
  const scrolls = (node) => {
    for (let up = node.parentElement; up && up !== document.body; up = up.parentElement)
      if (/auto|scroll/.test(getComputedStyle(up).overflowX) && up.scrollWidth > up.clientWidth) return true;
    return false;
  };
  const above = (node) => {
    const box = node.getBoundingClientRect();
    const y = box.top + box.height / 2;
    if (y < 0 || y > innerHeight) return document.body;
    const x = Math.min(Math.max(box.left + box.width / 2, 1), innerWidth - 1);
    const top = document.elementFromPoint(x, y);
    const own = !top || node.contains(top) || top.contains(node)
      || [...(node.labels ?? [])].some((label) => label.contains(top));
    return own ? null : top;
  };
  for (const node of controls.slice(0, 150)) {
    const style = getComputedStyle(node);
    const box = node.getBoundingClientRect();
    if (box.width < 2 || box.height < 2 || style.clipPath !== 'none') continue;
    if ((box.left < -1 || box.right > innerWidth + 1) && !scrolls(node))
      { faults.push(`out of the window: ${name(node)}`); continue; }
    if (node.matches('button, .btn') && node.scrollWidth > node.clientWidth + 2
        && style.textOverflow !== 'ellipsis') faults.push(`cut off: ${name(node)}`);
    if (scrolls(node)) continue;
    let top = above(node);
    if (top) {
      // What a bar at the edge covers can be scrolled away from under it.
      node.scrollIntoView({block: 'center', behavior: 'instant'});
      top = above(node);
    }
    if (top) faults.push(`covered: ${name(node)} by ${name(top)}`);
  }
  scrollTo(0, 0);
  return faults;
}
