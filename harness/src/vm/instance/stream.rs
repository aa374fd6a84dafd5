//! Callbacks of streams.

use std::{cell::RefCell, rc::Rc};

use super::{
    super::{Deferred, StreamState, state::Context},
    Trap, Vm,
    exports::OnHeaders,
    length,
};

impl Vm {
    /// Creates a stream context under a root context.
    ///
    /// # Errors
    /// When the module traps.
    pub fn create_stream(
        &mut self,
        root: u32,
        state: Rc<RefCell<StreamState>>,
    ) -> Result<u32, Trap> {
        let id = self.next_context();
        self.store
            .data_mut()
            .contexts
            .insert(id, Context::Stream { root, state });
        self.call(
            "proxy_on_context_create",
            id,
            self.exports.context_create.clone(),
            (id as i32, root as i32),
        )?;
        Ok(id)
    }

    /// `proxy_on_request_headers`: the raw return code, `u32::MAX` when the module answered by itself, 0 when it exports no such callback.
    ///
    /// # Errors
    /// When the module traps.
    pub fn request_headers(&mut self, id: u32, count: usize, end: bool) -> Result<u32, Trap> {
        self.on_headers(
            "proxy_on_request_headers",
            id,
            self.exports.request_headers.clone(),
            count,
            end,
        )
    }

    /// `proxy_on_response_headers`, as [`Vm::request_headers`].
    ///
    /// # Errors
    /// When the module traps.
    pub fn response_headers(&mut self, id: u32, count: usize, end: bool) -> Result<u32, Trap> {
        self.on_headers(
            "proxy_on_response_headers",
            id,
            self.exports.response_headers.clone(),
            count,
            end,
        )
    }

    /// `proxy_on_request_body`, as [`Vm::request_headers`].
    ///
    /// # Errors
    /// When the module traps.
    pub fn request_body(&mut self, id: u32, size: usize, end: bool) -> Result<u32, Trap> {
        let result = self.call(
            "proxy_on_request_body",
            id,
            self.exports.request_body.clone(),
            (id as i32, length(size), i32::from(end)),
        )?;
        Ok(self.action(result))
    }

    /// `proxy_on_response_body`, as [`Vm::request_headers`].
    ///
    /// # Errors
    /// When the module traps.
    pub fn response_body(&mut self, id: u32, size: usize, end: bool) -> Result<u32, Trap> {
        let result = self.call(
            "proxy_on_response_body",
            id,
            self.exports.response_body.clone(),
            (id as i32, length(size), i32::from(end)),
        )?;
        Ok(self.action(result))
    }

    /// `proxy_on_request_trailers`, as [`Vm::request_headers`].
    ///
    /// # Errors
    /// When the module traps.
    pub fn request_trailers(&mut self, id: u32, count: usize) -> Result<u32, Trap> {
        let result = self.call(
            "proxy_on_request_trailers",
            id,
            self.exports.request_trailers.clone(),
            (id as i32, length(count)),
        )?;
        Ok(self.action(result))
    }

    /// `proxy_on_response_trailers`, as [`Vm::request_headers`].
    ///
    /// # Errors
    /// When the module traps.
    pub fn response_trailers(&mut self, id: u32, count: usize) -> Result<u32, Trap> {
        let result = self.call(
            "proxy_on_response_trailers",
            id,
            self.exports.response_trailers.clone(),
            (id as i32, length(count)),
        )?;
        Ok(self.action(result))
    }

    /// `proxy_on_log`, then `proxy_on_done` and `proxy_on_delete`: the order in which Envoy ends a stream.
    ///
    /// # Errors
    /// When the module traps.
    pub fn finish_stream(&mut self, id: u32) -> Result<(), Trap> {
        let result = self.end_stream(id);
        self.store.data_mut().contexts.remove(&id);
        result
    }

    fn end_stream(&mut self, id: u32) -> Result<(), Trap> {
        if let Some(Context::Stream { state, .. }) = self.store.data().contexts.get(&id) {
            state.borrow_mut().logging = true;
        }
        self.call("proxy_on_log", id, self.exports.log.clone(), id as i32)?;
        self.call("proxy_on_done", id, self.exports.done.clone(), id as i32)?;
        self.call(
            "proxy_on_delete",
            id,
            self.exports.delete.clone(),
            id as i32,
        )?;
        let late = self.take_deferred();
        for (_, action) in late.into_iter().filter(|(context, _)| *context == id) {
            if let Deferred::Reply(_) | Deferred::Close(_) = action {
                self.store.data().services.diagnostics.report("the module replied to or closed a stream while it was logged or deleted: Envoy crashes");
            }
        }
        Ok(())
    }

    fn on_headers(
        &mut self,
        name: &'static str,
        id: u32,
        callback: Option<OnHeaders>,
        count: usize,
        end: bool,
    ) -> Result<u32, Trap> {
        let result = match callback {
            Some(OnHeaders::WithEnd(callback)) => self.call(
                name,
                id,
                Some(callback),
                (id as i32, length(count), i32::from(end)),
            )?,
            Some(OnHeaders::WithoutEnd(callback)) => {
                self.call(name, id, Some(callback), (id as i32, length(count)))?
            }
            None => None,
        };
        Ok(self.action(result))
    }

    fn action(&self, result: Option<i32>) -> u32 {
        match result {
            Some(_) if self.store.data().stop_iteration => u32::MAX,
            result => result.unwrap_or(0) as u32,
        }
    }
}
