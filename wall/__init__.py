"""The wall: what one display is sent, and the page that shows it. Pure: no I/O, no clock."""
