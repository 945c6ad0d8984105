// A form that a page sends on its own as soon as it is shown; its button is for those without JavaScript.

export default function sendNow(form) {
  form.requestSubmit();
}
