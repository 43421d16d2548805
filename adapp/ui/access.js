// What gradio's own controls leave to mend for a keyboard and a screen reader.
() => {
  const mend = () => {
    // A gallery with pictures puts its upload button inside another button: one of them remains.
    for (const outer of document.querySelectorAll('button.icon-button:has(button):not([role])')) {
      outer.setAttribute('role', 'group');
      outer.tabIndex = -1;
    }
    for (const button of document.querySelectorAll('button[aria-label="common.webcam"]')) {
      button.ariaLabel = button.title = 'Capture from camera';
    }
  };
  let asked = false;
  const soon = () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => { asked = false; mend(); });
  };
  new MutationObserver(soon).observe(document.body, { childList: true, subtree: true });
  mend();
}
