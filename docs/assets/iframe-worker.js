// A page that is opened as a file may not start a worker, and the search of the theme runs in one.
// There a hidden frame runs the worker's script; pages from a server use the browser's Worker.
(() => {
  if (location.protocol !== "file:") return;
  const inFrame = `
    var postMessage = message => parent.postMessage(message, "*");
    var importScripts = (...urls) => urls.reduce((before, url) => before.then(() =>
      new Promise(loaded => {
        const script = document.createElement("script");
        script.src = url;
        script.onload = loaded;
        document.body.appendChild(script);
      })), Promise.resolve());`;
  window.Worker = class extends EventTarget {
    constructor(url) {
      super();
      this.frame = document.createElement("iframe");
      this.frame.hidden = true;
      document.body.appendChild(this.frame);
      const inner = this.frame.contentWindow;
      inner.document.open();
      inner.document.write(
        `<body><script>${inFrame}<\/script><script src="${url}"><\/script></body>`);
      inner.document.close();
      // Only now: to open a document takes away the listeners of its window.
      this.loaded = new Promise(resolve => { inner.addEventListener("load", resolve); });
      addEventListener("message", event => {
        if (event.source !== inner) return;
        this.dispatchEvent(new MessageEvent("message", {data: event.data}));
      });
    }
    set onmessage(listener) { this.addEventListener("message", listener); }
    postMessage(data) {
      this.loaded.then(() =>
        this.frame.contentWindow.dispatchEvent(new MessageEvent("message", {data})));
    }
    terminate() { this.frame.remove(); }
  };
})();
