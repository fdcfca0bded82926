"""Databases that a test made for itself, and their end."""

import asyncpg

from tests.waiting import until


async def drop(url: str, name: str) -> None:
    """Drop a database with whoever is still connected to it; `url` is that of another one on the same server."""

    async def dropped() -> bool:
        connection = await asyncpg.connect(url, ssl=False)
        try:
            await connection.execute(f"drop database if exists {name} with (force)")
        except asyncpg.InsufficientPrivilegeError:
            # Autovacuum is at it, which only a superuser may end; it ends by itself.
            return False
        finally:
            await connection.close()
        return True

    await until(dropped)
