"use strict";
// The viewers of a report: NiiVue on the scans in this page, and rows that lead to lesions. Without WebGL 2 nothing here
// runs and the pictures stay. Coordinates are RAS+ mm; the picture is in radiological orientation.
(() => {
  const settings = JSON.parse(document.getElementById("viewer-settings").textContent);
  const shown = [];
  const LESION_ZOOM_MM = 260;
  const LARGEST_ZOOM = 6;

  const textOf = (id) => (document.getElementById(id) || { textContent: "" }).textContent.trim();

  function hasWebGL2() {
    try {
      return Boolean(document.createElement("canvas").getContext("webgl2"));
    } catch (error) {
      return false;
    }
  }

  // Colours of labels: [label, [red, green, blue], opacity 0 to 255].
  function labelMap(entries) {
    const map = { R: [0], G: [0], B: [0], A: [0], I: [0], labels: [""] };
    for (const [label, [red, green, blue], opacity] of entries.sort((one, other) => one[0] - other[0])) {
      map.R.push(red); map.G.push(green); map.B.push(blue); map.A.push(opacity); map.I.push(label); map.labels.push("");
    }
    return map;
  }

  class Viewer {
    constructor(one) {
      this.one = one;
      this.box = document.getElementById(`viewer-${one.key}`);
      this.canvas = this.box.querySelector("canvas");
      this.place = this.box.querySelector("output");
      this.closeUp = false;
    }

    async start() {
      this.box.hidden = false;
      this.nv = new niivue.Niivue({
        isRadiologicalConvention: true, sagittalNoseLeft: true, isOrientationTextVisible: false,
        dragAndDropEnabled: false, loadingText: "", logLevel: "error", multiplanarShowRender: 0,
        crosshairColor: [0.2, 0.75, 1, 0.7], crosshairWidthUnit: "mm", fontColor: [0.85, 0.87, 0.9, 1],
      });
      this.nv.onLocationChange = () => this.tellPlace();
      await this.nv.attachToCanvas(this.canvas);
      await this.load("signal", "gray");
      await this.load("lesions", "red");
      if (textOf(`bones-${this.one.key}`)) await this.load("bones", "gray");
      this.colour();
      this.setPlane(this.one.plane);
      this.controls();
    }

    async load(what, colormap) {
      const base64 = textOf(`${what}-${this.one.key}`);
      const image = await niivue.NVImage.loadFromBase64({ base64, name: `${what}.nii.gz`, colormap });
      if (what === "signal") { image.cal_min = 0; image.cal_max = 255; }
      this.nv.addVolume(image);
    }

    colour() {
      this.showLesions("outline");
      if (this.nv.volumes[2]) {
        const greys = [...Array(255).keys()].map((i) => [i + 1, [90 + (i * 67) % 120, 150 + (i * 41) % 90, 220], 90]);
        this.nv.volumes[2].setColormapLabel(labelMap(greys));
        this.nv.volumes[2].opacity = 0;
      }
      this.box.querySelector("[name=level]").value = this.one.white / 2;
      this.box.querySelector("[name=width]").value = this.one.white;
      this.contrast();
    }

    showLesions(how) {
      const [inside, rim] = { outline: [0, 255], filled: [150, 0], none: [0, 0] }[how];
      const entries = Object.entries(this.one.colours).flatMap(([id, colour]) => [
        [Number(id), colour, inside], [Number(id) + this.one.rim_offset, colour, rim],
      ]);
      this.nv.volumes[1].setColormapLabel(labelMap(entries));
      this.nv.updateGLVolume();
    }

    setPlane(name) {
      const types = { coronal: this.nv.sliceTypeCoronal, sagittal: this.nv.sliceTypeSagittal, axial: this.nv.sliceTypeAxial };
      this.plane = name;
      this.nv.opts.isOrientationTextVisible = types[name] === undefined;
      this.nv.opts.showAllOrientationMarkers = types[name] === undefined;
      this.nv.setSliceType(types[name] === undefined ? this.nv.sliceTypeMultiplanar : types[name]);
      const letters = { coronal: "RL", sagittal: "AP", axial: "RL" }[name] || "";
      this.box.querySelectorAll(".side").forEach((one, index) => { one.textContent = letters[index] || ""; });
      this.fit(this.closeUp);
      this.tellPlace();
    }

    axis() {
      return { coronal: 1, sagittal: 0, axial: 2 }[this.plane === "three" ? this.one.plane : this.plane];
    }

    step(by) {
      const move = [0, 0, 0];
      move[this.axis()] = by;
      this.nv.moveCrosshairInVox(...move);
      this.tellPlace();
    }

    goTo(id) {
      const point = this.one.points[id];
      if (!point) return false;
      this.nv.scene.crosshairPos = this.nv.mm2frac(point, 0, true);
      this.fit(this.closeUp);
      this.canvas.dataset.lesion = id;
      this.canvas.dataset.at = point.join(" ");
      this.tellPlace();
      return true;
    }

    fit(close) {
      this.closeUp = close;
      const middle = this.nv.frac2mm([0.5, 0.5, 0.5]);
      const at = this.nv.frac2mm(this.nv.scene.crosshairPos);
      const zoom = close ? Math.min(LARGEST_ZOOM, Math.max(1, this.one.height_mm / LESION_ZOOM_MM)) : 1;
      const pan = [0, 1, 2].map((axis) => (close ? middle[axis] - zoom * at[axis] : 0));
      const pixel_mm = this.one.height_mm / zoom / this.canvas.clientHeight;
      this.nv.opts.crosshairWidth = 1.3 * pixel_mm;
      this.nv.opts.crosshairGap = 30 * pixel_mm;
      this.nv.crosshairs3D = null;
      this.nv.setPan2Dxyzmm([...pan, zoom]);
      this.nv.drawScene();
    }

    tellPlace() {
      if (!this.place || !this.nv.volumes.length) return;
      const axis = this.axis();
      const count = this.nv.volumes[0].dimsRAS[axis + 1];
      const slice = Math.min(count, Math.floor(this.nv.scene.crosshairPos[axis] * count) + 1);
      this.place.value = `slice ${slice} of ${count}`;
      this.canvas.dataset.slice = slice;
    }

    contrast() {
      const value = (name) => Number(this.box.querySelector(`[name=${name}]`).value);
      const [middle, width] = [value("level"), value("width")];
      const scan = this.nv.volumes[0];
      [scan.cal_min, scan.cal_max] = [middle - width / 2, middle + width / 2];
      this.nv.updateGLVolume();
    }

    controls() {
      const on = (selector, event, act) => {
        for (const element of this.box.querySelectorAll(selector)) element.addEventListener(event, () => act(element));
      };
      on("[name=plane]", "change", (one) => this.setPlane(one.value));
      on("[name=lesions]", "change", (one) => this.showLesions(one.value));
      on("[name=bones]", "change", (one) => { this.nv.volumes[2].opacity = one.checked ? 1 : 0; this.nv.updateGLVolume(); });
      on("[name=closeup]", "change", (one) => this.fit(one.checked));
      on("[name=level], [name=width]", "input", () => this.contrast());
      // The wheel scrolls the page until the viewer was clicked on.
      this.box.querySelector(".canvas").addEventListener("wheel", (event) => {
        if (document.activeElement !== this.canvas) event.stopImmediatePropagation();
      }, { capture: true });
      this.canvas.addEventListener("keydown", (event) => {
        const by = { ArrowLeft: -1, ArrowRight: 1, PageDown: -1, PageUp: 1 }[event.key];
        if (by) { this.step(by); event.preventDefault(); event.stopImmediatePropagation(); }
      }, { capture: true });
    }
  }

  const rows = () => [...document.querySelectorAll("[data-row]")];

  function select(row) {
    for (const other of document.querySelectorAll(".chosen")) other.classList.remove("chosen");
    row.classList.add("chosen");
    const id = row.dataset.row;
    for (const mark of document.querySelectorAll(`[data-mark="${id}"]`)) mark.classList.add("chosen");
    for (const viewer of shown) viewer.goTo(id);
  }

  function choose(row, scroll) {
    select(row);
    row.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
    if (scroll) document.getElementById("viewers").scrollIntoView({ block: "nearest" });
  }

  function listen() {
    for (const row of rows()) row.addEventListener("click", () => choose(row, true));
    for (const mark of document.querySelectorAll("[data-mark]")) {
      mark.addEventListener("click", (event) => {
        const row = rows().find((one) => one.dataset.row === mark.dataset.mark);
        if (row) { event.preventDefault(); choose(row, true); }
      });
    }
    document.addEventListener("keydown", (event) => {
      const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      const at = rows().findIndex((row) => row.classList.contains("chosen"));
      const inside = event.target.closest && event.target.closest("[data-row], canvas");
      if (!by || !inside || event.target.matches("input, select")) return;
      const next = rows()[at + by];
      event.preventDefault();
      event.stopImmediatePropagation();
      if (next) choose(next, false);
    }, { capture: true });
  }

  async function begin() {
    if (!hasWebGL2()) throw new Error("this browser has no WebGL 2");
    document.body.classList.add("with-viewer");
    for (const one of settings.viewers) {
      const viewer = new Viewer(one);
      await viewer.start();
      shown.push(viewer);
    }
    listen();
    const first = rows()[0];
    if (first) select(first);
    document.body.dataset.viewer = "ready";
  }

  begin().catch((error) => {
    for (const one of settings.viewers) document.getElementById(`viewer-${one.key}`).hidden = true;
    document.body.classList.remove("with-viewer");
    document.body.dataset.viewer = "absent";
    document.getElementById("no-viewer").hidden = false;
    console.warn(`no viewer: ${error.message}`);
  });
})();
