(** Grönwall's inequality, discrete and continuous, and the jumps of a controlled equation. *)
From Coq Require Import Reals Lra Psatz Arith Lia.
From Coquelicot Require Import Coquelicot.
From Lipsym Require Import Sums Calculus.
Open Scope R_scope.

(** u_(n+1) <= (1 + a_n) u_n + b_n  gives  u_n <= e^(Sum a) (u_0 + Sum b) *)
Theorem discrete_gronwall (u a b : nat -> R) :
  0 <= u O -> (forall n, 0 <= a n) -> (forall n, 0 <= b n) -> (forall n, u (S n) <= (1 + a n) * u n + b n) ->
  forall n, u n <= exp (Sum n a) * (u O + Sum n b).
Proof.
  intros H0 Ha Hb Hu n; induction n as [|n IH]; [cbn [Sum]; rewrite exp_0; lra|].
  assert (B : 0 <= Sum n b) by (apply Sum_nonneg; auto); assert (A : 0 <= Sum n a) by (apply Sum_nonneg; auto).
  cbn [Sum]; specialize (Hu n); specialize (Ha n); specialize (Hb n); rewrite exp_plus; set (E := exp (Sum n a)) in *.
  assert (1 <= E) by (pose proof (exp_ineq1_le (Sum n a)); unfold E; lra); pose proof (exp_ineq1_le (a n)).
  assert ((1 + a n) * u n <= (1 + a n) * (E * (u O + Sum n b))) by (apply Rmult_le_compat_l; lra).
  assert ((1 + a n) * (E * (u O + Sum n b)) <= exp (a n) * (E * (u O + Sum n b))) by (apply Rmult_le_compat_r; nra).
  assert (1 * 1 * b n <= E * exp (a n) * b n) by (apply Rmult_le_compat_r; nra).
  nra.
Qed.

(** * Jumps: X_(k+1) = X_k + V(X_k, theta) du_k, where V is Fu-Lipschitz in the state and Ft-Lipschitz in theta *)

Section Jumps.
  Variables (Theta : Type) (distance : Theta -> Theta -> R).
  Variables (l : nat) (V : nat -> vec -> Theta -> vec) (du : nat -> R) (Fu Ft : R).
  Hypothesis Fu_nonneg : 0 <= Fu.
  Hypothesis Ft_nonneg : 0 <= Ft.
  Hypothesis distance_nonneg : forall t t', 0 <= distance t t'.
  Hypothesis V_state : forall k x y t, norm l (fun i => V k x t i - V k y t i) <= Fu * norm l (fun i => x i - y i).
  Hypothesis V_parameter : forall k x t t', norm l (fun i => V k x t i - V k x t' i) <= Ft * distance t t'.

  Fixpoint X (x : vec) (t : Theta) (k : nat) : vec :=
    match k with O => x | S j => fun i => X x t j i + V j (X x t j) t i * du j end.

  (** The total variation of the control. *)
  Definition variation (k : nat) : R := Sum k (fun j => Rabs (du j)).

  (** |X_n(theta) - X_n(theta')| <= e^(Fu v) Ft v |theta - theta'|,  v the total variation *)
  Theorem jumps x t t' n :
    norm l (fun i => X x t n i - X x t' n i) <= exp (Fu * variation n) * (Ft * variation n) * distance t t'.
  Proof.
    pose proof (discrete_gronwall (fun n => norm l (fun i => X x t n i - X x t' n i))
      (fun k => Fu * Rabs (du k)) (fun k => Ft * distance t t' * Rabs (du k))) as G.
    unfold variation; rewrite Rmult_assoc, (Rmult_assoc Ft), (Rmult_comm (Sum _ _)), <- (Rmult_assoc Ft), <- !Sum_scal.
    eapply Rle_trans; [apply G|].
    - apply norm_nonneg.
    - intros; apply Rmult_le_pos; [easy | apply Rabs_pos].
    - intros; apply Rmult_le_pos; [apply Rmult_le_pos; auto | apply Rabs_pos].
    - clear G n; intros n; cbn [X].
      rewrite (norm_ext _ _ (fun i => (X x t n i - X x t' n i)
        + du n * (V n (X x t n) t i - V n (X x t' n) t i) + du n * (V n (X x t' n) t i - V n (X x t' n) t' i)))
        by (intros; ring).
      eapply Rle_trans; [apply norm_triangle_3|].
      assert (S : forall u, norm l (fun i => du n * u i) <= Rabs (du n) * norm l u)
        by (intros u; apply norm_le_scal; [apply Rabs_pos | intros; rewrite Rabs_mult; lra]).
      pose proof (S (fun i => V n (X x t n) t i - V n (X x t' n) t i)) as S1.
      pose proof (S (fun i => V n (X x t' n) t i - V n (X x t' n) t' i)) as S2.
      pose proof (V_state n (X x t n) (X x t' n) t) as L1; pose proof (V_parameter n (X x t' n) t t') as L2.
      pose proof (Rabs_pos (du n)); cbv beta in *; nra.
    - cbn [X]; right; f_equal.
      replace (norm l (fun i => x i - x i)) with 0; [rewrite !Sum_scal; ring|].
      unfold norm; rewrite (Sum_ext _ _ (fun _ => 0)), Sum_const by (intros; ring).
      now rewrite Rmult_0_r, sqrt_0.
  Qed.
End Jumps.

(** * Continuous: f' <= a f + b on [0, T] gives f(T) <= e^(a T) f(0) + b (e^(a T) - 1)/a *)

(** With g(t) = e^(-a t) (f(t) + b/a),  g' = e^(-a t) (f' - a f - b) <= 0. *)
Theorem gronwall (f f' : R -> R) a b T : 0 < a -> 0 <= T ->
  (forall t, 0 <= t <= T -> is_derive f t (f' t)) -> (forall t, 0 <= t <= T -> f' t <= a * f t + b) ->
  f T <= exp (a * T) * f 0 + b * (exp (a * T) - 1) / a.
Proof.
  intros Ha HT Hd Hf; set (g := fun t => exp (- (a * t)) * (f t + b / a)).
  assert (Dg : forall t, 0 <= t <= T -> is_derive g t (exp (- (a * t)) * (f' t - a * f t - b))).
  { intros t Ht; unfold g; evar_last.
    - apply @is_derive_mult; [| |apply Rmult_comm].
      + instantiate (1 := - a * exp (- (a * t))); auto_derive; [easy | ring].
      + apply @is_derive_plus; [apply (Hd t Ht) | apply @is_derive_const].
    - unfold plus, mult, zero; simpl; field; lra. }
  assert (M : g T <= g 0).
  { destruct (MVT_gen g 0 T (fun t => exp (- (a * t)) * (f' t - a * f t - b))) as (c & Hc & E).
    - intros t Ht; rewrite Rmin_left, Rmax_right in Ht by lra; apply Dg; lra.
    - intros t Ht; rewrite Rmin_left, Rmax_right in Ht by lra.
      apply derivable_continuous_pt; eexists; apply is_derive_Reals, Dg; lra.
    - rewrite Rmin_left, Rmax_right in Hc by lra; specialize (Hf c Hc); pose proof (exp_pos (- (a * c))).
      assert (0 <= exp (- (a * c)) * (a * f c + b - f' c) * (T - 0)) by (repeat apply Rmult_le_pos; lra); lra. }
  unfold g in M; rewrite Rmult_0_r, Ropp_0, exp_0, Rmult_1_l, exp_Ropp in M; pose proof (exp_pos (a * T)).
  apply Rmult_le_compat_l with (r := exp (a * T)) in M; [|lra].
  rewrite <- Rmult_assoc, Rinv_r, Rmult_1_l in M by lra.
  replace (b * (exp (a * T) - 1) / a) with (exp (a * T) * (b / a) - b / a) by (field; lra); lra.
Qed.

(** The integral form, for the norm of a solution, which need not be differentiable:
    u(t) <= c + integral from 0 to t of (a u + b). *)
Corollary gronwall_integral (u : R -> R) a b c T : 0 < a -> 0 <= T -> (forall t, continuous u t) ->
  (forall t, 0 <= t <= T -> u t <= c + RInt (fun s => a * u s + b) 0 t) ->
  u T <= exp (a * T) * c + b * (exp (a * T) - 1) / a.
Proof.
  intros Ha HT Hc Hu; set (v := fun s => a * u s + b); set (U := fun t => c + RInt v 0 t).
  assert (Cv : forall t, continuous v t).
  { intros t; unfold v; apply @continuous_plus; [|apply continuous_const].
    apply (@continuous_mult R_UniformSpace R_AbsRing); [apply continuous_const | apply Hc]. }
  assert (DU : forall t, is_derive U t (v t)).
  { intros t; unfold U; evar_last.
    - apply @is_derive_plus; [apply @is_derive_const|].
      apply (is_derive_RInt v (RInt v 0) 0); [|apply Cv].
      apply filter_forall; intros; apply (@RInt_correct R_CompleteNormedModule).
      apply (@ex_RInt_continuous R_CompleteNormedModule); auto.
    - unfold plus, zero; simpl; ring. }
  apply Rle_trans with (U T); [apply Hu; lra|].
  replace c with (U 0) at 1.
  - apply (gronwall U v a b T Ha HT); [auto|].
    intros t Ht; unfold v at 1; pose proof (Hu t Ht : u t <= U t); nra.
  - unfold U; rewrite RInt_point; unfold zero; simpl; ring.
Qed.
