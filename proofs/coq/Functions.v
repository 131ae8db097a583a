(** The activation functions, and roots isolated by an interval.  No constant is proved here. *)
From Coq Require Import Reals Lra Psatz.
From Coquelicot Require Import Coquelicot.
Open Scope R_scope.

Definition sigmoid x := / (1 + exp (- x)).
Definition softplus x := ln (1 + exp x).
Definition erf x := 2 / sqrt PI * RInt (fun t => exp (- t ^ 2)) 0 x.
Definition softsign x := x / (1 + Rabs x).
Definition gelu x := x * ((1 + erf (x / sqrt 2)) / 2).
Definition silu x := x * sigmoid x.
Definition elu x := Rmax 0 x + exp (Rmin 0 x) - 1.
Definition leaky a x := a * x + (1 - a) * Rmax 0 x.
Definition relu := leaky 0.

(** The largest point of [a, b] where f <= 0: the root, if f is continuous, f a <= 0 <= f b and there is but one. *)
Definition isolated_root (f : R -> R) (a b : R) : R := real (Lub_Rbar (fun x => a <= x <= b /\ f x <= 0)).

Lemma isolated_root_spec f a b : a <= b -> (forall x, continuous f x) -> f a <= 0 <= f b ->
  a <= isolated_root f a b <= b /\ f (isolated_root f a b) = 0.
Proof.
  intros Hab Hf [Ha Hb]; unfold isolated_root.
  set (E := fun x => a <= x <= b /\ f x <= 0).
  destruct (Lub_Rbar_correct E) as [U L].
  assert (Fin : is_finite (Lub_Rbar E)).
  { apply is_finite_correct.
    assert (A : Rbar_le a (Lub_Rbar E)) by (apply U; unfold E; lra).
    assert (B : Rbar_le (Lub_Rbar E) b) by (apply L; intros x [Hx _]; simpl; lra).
    destruct (Lub_Rbar E) as [r| |]; [now exists r | easy | easy]. }
  rewrite <- Fin in U, L; set (r := real (Lub_Rbar E)) in *.
  assert (A : a <= r) by (apply (U a); unfold E; lra).
  assert (B : r <= b) by (apply (L b); intros x [Hx _]; simpl; lra).
  assert (Near : forall eps : posreal, exists d, 0 < d /\ forall y, Rabs (y - r) < d -> Rabs (f y - f r) < eps).
  { intros eps; destruct (Hf r (fun y => Rabs (y - f r) < eps)) as [d Hd].
    - exists eps; intros y Hy; exact Hy.
    - exists d; split; [apply cond_pos | intros y Hy; now apply Hd]. }
  split; [easy|]; destruct (Rtotal_order (f r) 0) as [N|[Z|P]]; [exfalso| easy |exfalso].
  - (* f r < 0: then r < b, and f < 0 a little to the right of r *)
    assert (r <> b) by (intros ->; lra).
    destruct (Near (mkposreal (- f r) ltac:(lra))) as (d & Hd & Hn); simpl in Hn.
    set (y := r + Rmin (d / 2) (b - r)).
    assert (M : 0 < Rmin (d / 2) (b - r) <= d / 2 /\ Rmin (d / 2) (b - r) <= b - r)
      by (split; [split; [apply Rmin_glb_lt; lra | apply Rmin_l] | apply Rmin_r]).
    assert (K : Rabs (f y - f r) < - f r) by (apply Hn; unfold y; rewrite Rabs_pos_eq; lra).
    apply Rabs_def2 in K.
    assert (Ey : E y) by (unfold E, y; split; [lra | fold y; lra]).
    specialize (U y Ey); simpl in U; unfold y in U; lra.
  - (* f r > 0: then a little to the left of r there is no point of E *)
    destruct (Near (mkposreal (f r) P)) as (d & Hd & Hn); simpl in Hn.
    assert (H : Rbar_le r (r - d)); [|simpl in H; lra].
    apply L; intros x Ex; simpl; destruct (Rle_or_lt x (r - d)) as [|Lt]; [easy|exfalso].
    pose proof (U x Ex) as Ux; simpl in Ux.
    assert (K : Rabs (f x - f r) < f r) by (apply Hn; apply Rabs_def1; lra).
    apply Rabs_def2 in K; destruct Ex; lra.
Qed.
