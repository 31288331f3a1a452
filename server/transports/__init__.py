"""How clients reach the server: stdio, and streamable HTTP.

May import: `server.app`, `server.surface`.
"""
