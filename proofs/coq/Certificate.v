(** What a certificate of lipsym needs besides the theorems: finite lists as functions of the layer, the constants of
    GELU and SiLU as decimals, derivatives of scalar networks, and Lipschitz constants on boxes. *)
From Coq Require Import Reals Lra Psatz Lia List.
From Coquelicot Require Import Coquelicot.
From Interval Require Import Tactic.
From Lipsym Require Import Sums Network Smoothness Functions Constants Calculus ActTanh ActGauss ActElementary Activations.
Import ListNotations.
Open Scope R_scope.

(** Entry k of a list; behind its end the layer that does nothing. *)
Definition entry (l : list R) (k : nat) : R := nth k l 0.
Definition layer_width (l : list nat) (k : nat) : nat := nth k l 0%nat.
Definition layer_act (l : list activation) (k : nat) : activation := nth k l (base identity_act).
Definition layer_smooth (l : list smooth_activation) (k : nat) : smooth_activation := nth k l identity_act.

(** [INR n] as a number that [interval] can read. *)
Lemma INR_of_nat n : INR n = IZR (Z.of_nat n). Proof. apply INR_IZR_INZ. Qed.

(** The constants of the two rows that have no closed form in the functions [interval] knows. *)
Lemma erf_1_value : 0.84270079294 <= erf 1 <= 0.84270079296.
Proof.
  unfold erf.
  assert (I : 0.746824132811 <= RInt (fun t => exp (- t ^ 2)) 0 1 <= 0.746824132814) by (integral with (i_prec 64, i_width (-43))).
  set (a := RInt _ _ _) in *; clearbody a; interval with (i_prec 60).
Qed.
Lemma gelu_s1_value : 1.128904145 <= gelu_s1 <= 1.128904146.
Proof. unfold gelu_s1; pose proof erf_1_value; set (a := erf 1) in *; clearbody a; interval with (i_prec 60). Qed.

(** The root of z tanh (z/2) = 2 by its sign at two points. *)
Lemma silu_root_value : 2.399357278 <= silu_s1_at <= 2.399357283.
Proof.
  assert (L : 2.399357278 * (1 - 2 / (exp (2 * (2.399357278 / 2)) + 1)) < 2) by (interval with (i_prec 60)).
  assert (U : 2 < 2.399357283 * (1 - 2 / (exp (2 * (2.399357283 / 2)) + 1))) by (interval with (i_prec 60)).
  rewrite <- tanh_exp in L, U; destruct silu_root as [H E].
  set (r := silu_s1_at) in *; clearbody r; split; apply Rnot_lt_le; intros C.
  - pose proof (z_tanh_increasing r 2.399357278 ltac:(lra)); lra.
  - pose proof (z_tanh_increasing 2.399357283 r ltac:(lra)); lra.
Qed.
Lemma silu_s1_value : 1.099839319 <= silu_s1 <= 1.099839321.
Proof.
  change silu_s1 with (1 / 4 * silu_s1_at + 1 / 2); pose proof silu_root_value.
  set (r := silu_s1_at) in *; clearbody r; lra.
Qed.

(** * Scalar networks on boxes: |h'| <= c on [0, 1] along every segment *)

Lemma segment (h h' : R -> R) c : (forall t, is_derive h t (h' t)) -> (forall t, 0 <= t <= 1 -> Rabs (h' t) <= c) ->
  Rabs (h 1 - h 0) <= c.
Proof.
  intros D B; destruct (mean_value h h' 0 1 D) as (t & Ht & E).
  rewrite Rmin_left, Rmax_right in Ht by lra; rewrite E, Rminus_0_r, Rmult_1_r; auto.
Qed.

Lemma on_segment lo hi u v t : lo <= u <= hi -> lo <= v <= hi -> 0 <= t <= 1 -> lo <= u + t * (v - u) <= hi.
Proof. intros; split; nra. Qed.

(** |Sum u_i v_i| <= c |v| if Sum u_i^2 <= c^2 *)
Lemma gradient_bound (u v : list R) c s : 0 <= c -> s = Sum (length u) (fun i => nth i u 0 * nth i v 0) ->
  Sum (length u) (fun i => nth i u 0 ^ 2) <= c ^ 2 ->
  Rabs s <= c * sqrt (Sum (length u) (fun i => nth i v 0 ^ 2)).
Proof.
  intros Hc -> H; eapply Rle_trans; [apply dot_le|].
  apply Rmult_le_compat_r; [apply sqrt_pos | now apply sqrt_le_of_sq].
Qed.
