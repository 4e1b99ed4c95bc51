/* The form that takes a drawing asks for a building or house type only where the kind needs one. */
(() => {
  "use strict";
  const kind = document.getElementById("drawing-kind");
  if (!kind) return;
  const fields = [...kind.form.querySelectorAll("[data-for]")];
  const show = () => fields.forEach((field) => { field.hidden = field.dataset.for !== kind.value; });
  kind.addEventListener("change", show);
  show();
})();
