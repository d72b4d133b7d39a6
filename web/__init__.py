"""What browsers and other systems see: the server, the web chat, tickets' pages, health and metrics."""
