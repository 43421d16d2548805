// A click on the camera's button before the camera's first picture takes that first picture.
// gradio by itself takes none then, or an empty one, and says nothing.
() => {
  document.addEventListener('click', event => {
    const button = event.target.closest('button[aria-label="capture photo"]');
    const video = button?.closest('.block').querySelector('video');
    if (!video || video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA) return;
    event.stopPropagation();
    button.disabled = true;
    video.addEventListener('loadeddata', () => {
      button.disabled = false;
      button.click();
    }, { once: true });
  }, true);
}
